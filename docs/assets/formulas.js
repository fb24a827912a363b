// Set the formulas that pymdownx.arithmatex has marked, once a page stands and after each change of it.
document$.subscribe(({ body }) => {
  for (const place of body.querySelectorAll(".arithmatex")) {
    const [, open, formula] = /^\\([([])([\s\S]*)\\[)\]]$/.exec(place.textContent.trim()) ?? []
    if (formula !== undefined)
      katex.render(formula, place, { displayMode: open === "[", throwOnError: false })
  }
})
