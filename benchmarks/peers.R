# The projections of benchmarks/peers.py in R: by the UN's code (ccmppWPP, the step
# project_ccmpp_z_by_z) and by the C core of bayesPop, each where it is installed.
#
#     Rscript benchmarks/peers.R <folder> <regions> <years> <ages>
#
# The folder holds the inputs as plain doubles, as peers.py writes them; what each peer makes of
# them is written back as <peer>.bin (age, sex, region), the population at the end. A line is
# printed for each: its name, "seconds" and two figures (first call, and warm), or why not.

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
regions <- as.integer(arguments[2])
years <- as.integer(arguments[3])
ages <- as.integer(arguments[4])

given <- function(name, dims) {
  array(readBin(file.path(folder, paste0(name, ".bin")), "double", prod(dims)), dims)
}
population <- given("population", c(ages, 2, regions))
survival <- given("survival", c(ages, 2, years))
fertility <- given("fertility", c(ages, years, regions))
srb <- given("srb", years)
migration <- given("migration", c(ages, 2, years, regions))

ccmppWPP <- function(region) {
  people <- population[, , region]
  for (t in seq_len(years)) {
    step <- ccmppWPP::project_ccmpp_z_by_z(
      z = 1,
      pop_count_age_m_start = people[, 2],
      pop_count_age_f_start = people[, 1],
      survival_ratio_age_m = survival[, 2, t],
      survival_ratio_age_f = survival[, 1, t],
      fert_rate_age_f = fertility[, t, region],
      srb = srb[t],
      mig_net_count_age_m = migration[, 2, t, region],
      mig_net_count_age_f = migration[, 1, t, region],
      mig_assumption = "even"
    )
    people <- cbind(step$pop_count_age_f_end, step$pop_count_age_m_end)
  }
  people
}

# Versions of the C core differ in what they know of migration beyond counts.
core_arguments <- function() {
  if (!requireNamespace("bayesPop", quietly = TRUE)) return(0L)
  getNativeSymbolInfo("CCM", "bayesPop")$numParameters
}

bearing <- range(which(apply(fertility, 1, max) > 0))
person_years <- apply(survival, c(2, 3), cumprod)

bayesPop <- function(region) {
  start <- function(sex) cbind(population[, sex, region], matrix(0, ages, years))
  none <- rep(0, years)
  births <- rep(0, years * (diff(bearing) + 1))
  deaths <- rep(0, years * ages)
  lived <- function(sex) as.numeric(person_years[, sex, ])
  call <- c(
    list(
      "CCM", 0L, 0L, years,
      as.numeric(migration[, 2, , region]), as.numeric(migration[, 1, , region]),
      ages, years, 0L
    ),
    list(none, none, as.integer(none)),
    if (parameters == 34L) list(rep(0, ages + 1), rep(0, ages + 1), rep(0, 5)),
    list(
      as.numeric(survival[, 2, ]), as.numeric(survival[, 1, ]),
      as.numeric(fertility[bearing[1]:bearing[2], , region]), srb,
      lived(2), lived(1), lived(2), lived(1),
      ages, as.integer(diff(bearing) + 1), as.integer(bearing[1]),
      popm = start(2), popf = start(1), rep(0, years + 1),
      births, births, deaths, deaths
    ),
    list(deaths, deaths),
    list(PACKAGE = "bayesPop")
  )
  done <- do.call(.C, call)
  cbind(done$popf[, years + 1], done$popm[, years + 1])
}

run <- function(name, project) {
  took <- numeric(4)
  for (round in seq_along(took)) {
    began <- proc.time()[["elapsed"]]
    made <- vapply(seq_len(regions), project, matrix(0, ages, 2))
    took[round] <- proc.time()[["elapsed"]] - began
  }
  writeBin(as.numeric(made), file.path(folder, paste0(name, ".bin")))
  cat(name, "seconds", took[1], median(took[-1]), "\n")
}

if (requireNamespace("ccmppWPP", quietly = TRUE)) {
  run("ccmppWPP", ccmppWPP)
} else {
  cat("ccmppWPP is not installed in this R\n")
}
parameters <- core_arguments()
if (parameters %in% c(31L, 34L)) {
  run("bayesPop", bayesPop)
} else if (parameters == 0L) {
  cat("bayesPop is not installed in this R\n")
} else {
  cat("bayesPop", format(packageVersion("bayesPop")), "has a C core with", parameters,
      "arguments, which this script does not know\n")
}
