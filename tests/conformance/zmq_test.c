// zmq_test.c - what transport.h promises, kept by zmq.
#include "stands.h"
#include "suite.h"

int
main(int argc, char **argv)
{
    return suite_run(&stand_zmq, argc, argv);
}
