"""Load plans: which column of a row becomes which attribute of which object."""
