// suite.h - all promises that apply to a transport, as a CUnit program.
#ifndef HAWSER_CONFORMANCE_SUITE_H
#define HAWSER_CONFORMANCE_SUITE_H

#include "promises.h"

// What main returns.
int
suite_run(const struct stand *stand, int argc, char **argv);

#endif
