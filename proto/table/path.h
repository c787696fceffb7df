// Where table files lie.
#pragma once

#include <string>

namespace tactic::table {

// Where the daemon that listens at this socket keeps its table: the same name, ending in .table.
std::string PathBeside(const std::string& socket_path);

// $TACTICD_TABLE; without it the table beside the daemon's default socket.
std::string DefaultPath();

}  // namespace tactic::table
