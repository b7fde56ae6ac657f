"""The legacy ``Query`` over the plugins of ``select()``."""
