"""The garbage collector of a process that serves or works for long."""

import gc


def pass_over_the_program() -> None:
    """Never again look for garbage in what is there by now: the program itself, once it is loaded.

    Work that makes many values lets the collector look through all there is again and again; of an
    import that took a sixth of the time, and nothing of the program is ever garbage.
    """
    gc.collect()
    gc.freeze()
