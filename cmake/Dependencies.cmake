# What comes from Debian. docs/dependencies.md says why each.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED) # Module mode: Debian 12 ships no protobuf-config.cmake.
find_package(absl CONFIG REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(SQLite3 REQUIRED)
if(TACTIC_BUILD_BENCH)
  find_package(ZLIB REQUIRED) # race_replay reads packed recordings.
endif()
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_path(TACTIC_XXHASH_INCLUDE xxhash.h REQUIRED)
if(TACTIC_BUILD_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()

if(TACTIC_PORTABLE)
  include(PortableLink)
  tactic_link_archives()
endif()
