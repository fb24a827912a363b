"""Where the inputs of a projection come from: tables of one's own, shipped places, variants."""
