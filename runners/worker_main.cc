// tacticd-worker: started by tacticd, one per device. `tacticd-worker --help` says how.
#include "runners/builtin_devices.h"
#include "runners/worker/worker.h"

int main(int argc, char** argv) { return tactic::RunWorker(argc, argv, tactic::BuiltinDevices()); }
