# What Hawser is built on. scripts/packages names Debian's packages.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq>=4.3)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.40)
pkg_check_modules(LWS REQUIRED IMPORTED_TARGET libwebsockets>=4.1)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb>=0.9.22)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libssl>=3.0 libcrypto>=3.0)
pkg_check_modules(MSGPACK REQUIRED IMPORTED_TARGET msgpack>=3.0)
if(HAWSER_TESTS)
    pkg_check_modules(CUNIT REQUIRED IMPORTED_TARGET cunit)
endif()

# Debian's wslay has no pkg-config file.
find_path(WSLAY_INCLUDE_DIR wslay/wslay.h REQUIRED)
find_library(WSLAY_LIBRARY wslay REQUIRED)
add_library(wslay::wslay UNKNOWN IMPORTED)
set_target_properties(wslay::wslay PROPERTIES
    IMPORTED_LOCATION ${WSLAY_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${WSLAY_INCLUDE_DIR})
