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

# The CUDA lane is built where nvcc is found; without it, the host lane is all there is. Not under the sanitizers, whose
# flags nvcc does not know.
set(TACTIC_HAVE_CUDA OFF)
if(TACTIC_ENABLE_CUDA AND NOT TACTIC_SANITIZE)
  find_package(CUDAToolkit QUIET)
  if(CUDAToolkit_FOUND)
    if(NOT CMAKE_CUDA_COMPILER)
      set(CMAKE_CUDA_COMPILER ${CUDAToolkit_NVCC_EXECUTABLE})
    endif()
    if(NOT CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 90)
    endif()
    enable_language(CUDA)
    # CMake 3.25 does not know that this nvcc speaks C++20.
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
    set(TACTIC_HAVE_CUDA ON)
  endif()
endif()
message(STATUS "CUDA lane: ${TACTIC_HAVE_CUDA}")
