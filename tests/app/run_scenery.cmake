# Runs the program once and checks what comes out. Used by CMakeLists.txt as `cmake -D… -P run_scenery.cmake`:
#   PROGRAM       the program            OUT      folder for its files, emptied before
#   ARGUMENTS     list                   STATUS   exit status expected; "bad": any but 0
#   REPORT        list of `path OP value`, path with dots into report.json, OP one of == >= <=
#   ERROR         regular expression that standard error must match
#   ONE_SENTENCE  true: standard error is one line
#   PICTURES      list of picture files that must exist and not be empty
#   REPEAT        true: a second run must make the same pictures, byte for byte
#   MAKE_SCENERY, KIND   program and kind that make the folder OUT/scenery first
file(REMOVE_RECURSE "${OUT}")
file(MAKE_DIRECTORY "${OUT}")
if(MAKE_SCENERY)
    execute_process(COMMAND "${MAKE_SCENERY}" "${OUT}/scenery" "${KIND}" COMMAND_ERROR_IS_FATAL ANY)
endif()

execute_process(COMMAND "${PROGRAM}" ${ARGUMENTS} --out "${OUT}/pictures"
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
message("${output}${errors}exit status ${status}")

function(fail text)
    message(FATAL_ERROR "${text}")
endfunction()

if(STATUS STREQUAL "bad")
    if(status STREQUAL "0" OR NOT status MATCHES "^[0-9]+$")
        fail("expected a non-zero exit status, got ${status}")
    endif()
elseif(NOT status STREQUAL "${STATUS}")
    fail("expected exit status ${STATUS}, got ${status}")
endif()
if(ERROR AND NOT errors MATCHES "${ERROR}")
    fail("expected a message like '${ERROR}'")
endif()
if(ONE_SENTENCE AND NOT errors MATCHES "^[^\n]+\n$")
    fail("expected exactly one line on standard error")
endif()

foreach(picture IN LISTS PICTURES)
    set(file "${OUT}/pictures/${picture}")
    if(NOT EXISTS "${file}")
        fail("${picture} was not written")
    endif()
    file(SIZE "${file}" bytes)
    if(bytes LESS 100)
        fail("${picture} has only ${bytes} bytes")
    endif()
endforeach()

if(REPEAT)
    execute_process(COMMAND "${PROGRAM}" ${ARGUMENTS} --out "${OUT}/again" COMMAND_ERROR_IS_FATAL ANY)
    foreach(picture IN LISTS PICTURES)
        file(SHA256 "${OUT}/pictures/${picture}" first)
        file(SHA256 "${OUT}/again/${picture}" second)
        if(NOT first STREQUAL second)
            fail("a second run makes a different ${picture}")
        endif()
    endforeach()
endif()

if(REPORT)
    file(READ "${OUT}/pictures/report.json" json)
    file(READ "${OUT}/pictures/trace.json" trace)
    string(JSON events LENGTH "${trace}" traceEvents)
    if(events LESS 10)
        fail("trace.json holds only ${events} events")
    endif()
endif()
foreach(check IN LISTS REPORT)
    if(NOT check MATCHES "^([a-z0-9_.]+) (==|>=|<=) (.+)$")
        fail("bad check '${check}'")
    endif()
    set(path "${CMAKE_MATCH_1}")
    set(operator "${CMAKE_MATCH_2}")
    set(expected "${CMAKE_MATCH_3}")
    string(REPLACE "." ";" keys "${path}")
    if(path MATCHES "^(.*)\\.length$")
        string(REPLACE "." ";" keys "${CMAKE_MATCH_1}")
        string(JSON value LENGTH "${json}" ${keys})
    else()
        string(JSON value GET "${json}" ${keys})
    endif()
    if((operator STREQUAL "==" AND NOT value EQUAL expected) OR (operator STREQUAL ">=" AND value LESS expected) OR
       (operator STREQUAL "<=" AND value GREATER expected))
        fail("report.json: ${path} is ${value}, expected ${operator} ${expected}")
    endif()
endforeach()
