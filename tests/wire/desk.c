// desk.c - the desk of the actors' tests: the port is seated at it too.
#include "actors/desk.c" // NOLINT(bugprone-suspicious-include)
