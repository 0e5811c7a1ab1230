// The whole of mayfly-runner: one request in, output and one report out, over descriptor 3.
//
// Errors    To the client as a `failure` frame. The exit code is 0 whenever the client was told.
// Threads   A process of its own, single-threaded.
#pragma once

namespace mayfly::executor {

// Where a client puts the runner's end of their socket pair, and the program itself (which is how
// it is executed: by what was opened and hashed, not by what its name means now).
inline constexpr int runner_socket = 3;
inline constexpr int runner_program = 4;

int runner_main();

}  // namespace mayfly::executor
