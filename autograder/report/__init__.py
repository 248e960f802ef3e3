"""What is made of recorded results: feedback, class report, exports, groups of alike code."""
