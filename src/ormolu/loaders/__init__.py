"""Loader strategies, and the options that choose them."""
