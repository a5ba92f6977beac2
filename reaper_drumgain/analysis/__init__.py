"""What is measured of the audio of drum tracks, in one pass over all of them.

In: ``analyze.AnalysisRequest``, that is tracks of a session, a time span and the descriptors
that a method asks for. Out: ``measurement.MultitrackAnalysis``, from which loudness, peaks and
features follow for any gains without reading the audio again.

``multitrack`` opens the tracks as one recording, ``measure`` and ``scheduler`` run the pass,
``measurement`` holds its result. ``k_weighting``, ``loudness``, ``mix_loudness``, ``spectrum``,
``peaks``, ``bleed`` and ``descriptors`` do the measuring, ``features`` makes a table of it and
``segments`` cuts a part out of it. Import from the modules.
"""
