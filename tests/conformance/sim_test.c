// sim_test.c - what transport.h promises, kept by sim.
#include "stands.h"
#include "suite.h"

int
main(int argc, char **argv)
{
    struct stand stand = stand_sim();

    return suite_run(&stand, argc, argv);
}
