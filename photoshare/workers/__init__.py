"""Search photos for faces on other machines, by Dask (docs/adr/0021-face-work-on-dask.md).

Only a server whose settings name a scheduler, and the commands ``worker`` and ``scheduler``, import
`distributed`, each where it is used.
"""
