"""Pure statistics of the Check stage: charts, signals, comparison, verdict, drawing. Knows no database and no clock."""
