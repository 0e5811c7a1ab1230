// The whole of mayfly-runner: one request in, output and one report out, over helper_socket.
//
// Errors    To the client as a `failure` frame. The exit code is 0 whenever the client was told.
// Threads   A process of its own, single-threaded.
#pragma once

namespace mayfly::executor {

int runner_main();

}  // namespace mayfly::executor
