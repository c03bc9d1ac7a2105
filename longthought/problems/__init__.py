"""Problems, the rows of data sets that hold them, their final answers, and the game of Countdown."""
