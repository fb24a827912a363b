"""From declared instruments to changed births and to spending, by way of the evidence."""
