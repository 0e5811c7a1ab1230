// Standard input, output and error: held open, written without exceptions, and not lost in silence.
//
// Shapes    Text for people and programs. What fails on standard error is lost: there is nowhere
//           left to say so. What fails on standard output is remembered for finish().
// Threads   hold_standard_descriptors() first thing in main(); the rest from any thread.
#pragma once
#include <string_view>

#include "base/bytes.hpp"

namespace mayfly::cli {

// A descriptor 0, 1 or 2 that the caller has closed would be the number of the next file we open:
// our reading or printing would then go there. Such a one becomes /dev/null, opened so that reading
// from 0 and writing to 1 fail as they did before; false if even that is not possible.
[[nodiscard]] bool hold_standard_descriptors();

void put_out(std::string_view text);  // buffered, until flush_out()
void put_err(std::string_view text);

// A job's output, passed on unbuffered: it may be private and is not copied here. A reader of
// standard output that went away loses the copy and is no error.
void pass_out(ByteView bytes);
void pass_err(ByteView bytes);

// 0, or the errno of the first write to standard output that failed.
[[nodiscard]] int flush_out();

// The exit status of `program`, given what it would have been: 1 instead of 0 if standard output
// could not take everything. Says so, unless its reader just went away.
[[nodiscard]] int finish(std::string_view program, int status);

}  // namespace mayfly::cli
