# tactic_library, tactic_program and tactic_test: one call per target, the same flags for all of ours and for nobody else's.

# Warnings and sanitizers apply to our own sources only: PRIVATE, so that consumers do not inherit them.
function(tactic_flags target)
  set(flags -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    list(APPEND flags -Wno-restrict) # False alarms on `"text" + std::string` in g++ 12.
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    list(APPEND flags -Wthread-safety)
  endif()
  if(TACTIC_WERROR)
    list(APPEND flags -Werror)
  endif()
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${flags}>")
  if(TACTIC_WERROR)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xcompiler=-Wall>")
  endif()
endfunction()

if(TACTIC_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TACTIC_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(TACTIC_SANITIZE)
  message(FATAL_ERROR "TACTIC_SANITIZE is '${TACTIC_SANITIZE}'; address, thread or empty")
endif()

# tactic_mark_sanitized(TARGET…): defines TACTIC_SANITIZED in a build with a sanitizer, whose own memory is over any limit.
function(tactic_mark_sanitized)
  foreach(target ${ARGN})
    target_compile_definitions(${target} PRIVATE $<$<BOOL:${TACTIC_SANITIZE}>:TACTIC_SANITIZED>)
  endforeach()
endfunction()

# tactic_library(NAME SOURCES a.cc… [PUBLIC_INCLUDE dir] [DEPS targets…] [PRIVATE_DEPS targets…])
# Archives, position-independent. PUBLIC_INCLUDE: the folder of headers that are installed.
function(tactic_library name)
  cmake_parse_arguments(arg "" "PUBLIC_INCLUDE" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_include_directories(${name} INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  if(arg_PUBLIC_INCLUDE)
    target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${arg_PUBLIC_INCLUDE}>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  endif()
  target_link_libraries(${name} PUBLIC ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
  tactic_flags(${name})
endfunction()

# tactic_program(NAME SOURCES a.cc… DEPS targets…)
function(tactic_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
  tactic_flags(${name})
endfunction()

# tactic_test(NAME SOURCES a.cc… DEPS targets… [LABELS unit|e2e|gpu|tsan…]): a GoogleTest program, one ctest entry.
function(tactic_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  tactic_program(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} GTest::gtest_main GTest::gmock)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
  if("tsan" IN_LIST arg_LABELS)
    add_dependencies(tsan_tests ${name})
  endif()
endfunction()

# What the steps tsan and fuzz of deploy/test build.
add_custom_target(tsan_tests)
add_custom_target(fuzz_targets)
