"""The Session: transactions, object states, execution."""
