# hawser_flags: how everything of ours is compiled. It is linked privately and
# never installed.
add_library(hawser_flags INTERFACE)

target_compile_definitions(hawser_flags INTERFACE _GNU_SOURCE)

# -Wconversion speaks of values that may change; -Wsign-conversion, which C adds
# to it, speaks mostly of size_t beside int and is left out. Help texts may be
# long.
target_compile_options(hawser_flags INTERFACE
    -Wall -Wextra -Wpedantic
    -Wshadow
    -Wconversion -Wno-sign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wvla
    -Wformat=2
    -Wundef
    -Wpointer-arith
    -Wwrite-strings
    -Wno-overlength-strings
    -fno-common
    -fno-omit-frame-pointer
    -fstack-protector-strong)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    target_compile_options(hawser_flags INTERFACE
        -Wduplicated-cond -Wduplicated-branches)
endif()
if(HAWSER_WERROR)
    target_compile_options(hawser_flags INTERFACE -Werror)
endif()

if(HAWSER_SANITIZE)
    target_compile_options(hawser_flags INTERFACE
        -fsanitize=${HAWSER_SANITIZE} -fno-sanitize-recover=all -g -O1)
    target_link_options(hawser_flags INTERFACE -fsanitize=${HAWSER_SANITIZE})
else()
    target_link_options(hawser_flags INTERFACE
        -Wl,--as-needed -Wl,-z,relro -Wl,-z,now)
endif()
if(HAWSER_COVERAGE)
    target_compile_options(hawser_flags INTERFACE --coverage -O0)
    target_link_options(hawser_flags INTERFACE --coverage)
endif()
if(HAWSER_FUZZ)
    # The library's code gets the coverage counters; each target gets the main.
    target_compile_options(hawser_flags INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(hawser_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
