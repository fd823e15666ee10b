#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "program/sandbox.hpp"

int main(int argc, char** argv) {
    ess::test::enter_own_namespace();
    doctest::Context context(argc, argv);
    return context.run();
}
