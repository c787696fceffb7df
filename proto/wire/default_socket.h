// Where the daemon listens and clients look when nothing else is said. Standard library only.
#pragma once

#include <string>

namespace tactic::wire {

// $XDG_RUNTIME_DIR/tacticd/tacticd.sock; without that variable /run/tacticd/tacticd.sock for root,
// /tmp/tacticd-<uid>/tacticd.sock for others.
std::string DefaultSocketPath();

}  // namespace tactic::wire
