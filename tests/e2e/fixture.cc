#include "tests/e2e/fixture.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <utility>

namespace tactic::e2e {

std::string Program(const std::string& name) { return std::string(TACTIC_BIN_DIR) + "/" + name; }

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

void WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(out.flush()) << path;
}

void EndToEnd::TearDown() {
  if (HasFailure()) {
    const std::string log = ReadFile(directory_ / "log");
    std::cerr << "the daemon's log ends:\n"
              << log.substr(log.size() - std::min<size_t>(log.size(), 4000));
  }
}

std::filesystem::path EndToEnd::database() const {
  for (const auto& entry : std::filesystem::directory_iterator(state_dir())) {
    if (entry.path().extension() == ".db") return entry.path();
  }
  ADD_FAILURE() << "no database in " << state_dir();
  return {};
}

std::vector<std::string> EndToEnd::DaemonArguments() const {
  return {Program("tacticd"), "--listen=" + target(), "--state-dir=" + state_dir().string(),
          "--device=" + device_};
}

void EndToEnd::StartDaemon(const std::vector<std::string>& more) {
  Pipe ready = Pipe::Make();
  std::vector<std::string> arguments = DaemonArguments();
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.push_back("--ready-fd=9");
  ProcessOptions options;
  options.environment = environment_;
  options.ready = std::move(ready.write);
  options.log_file = directory_ / "log";
  daemon_ = std::make_unique<Process>(arguments, std::move(options));
  char byte = 0;
  ASSERT_GT(read(ready.read.get(), &byte, 1), 0) << "tacticd ended before it was ready";
}

void EndToEnd::KillDaemon() {
  daemon_->Signal(SIGKILL);
  EXPECT_EQ(daemon_->Wait().signal, SIGKILL);
}

Exit EndToEnd::TerminateDaemon() {
  daemon_->Signal(SIGTERM);
  return daemon_->Wait();
}

Finished EndToEnd::RunDaemonToEnd() { return Execute(DaemonArguments()); }

std::vector<std::string> EndToEnd::CtlArguments(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {Program("tacticctl")};
  all.insert(all.end(), arguments.begin(), arguments.end());
  all.push_back("--target=" + target());
  return all;
}

Finished EndToEnd::Ctl(const std::vector<std::string>& arguments) const {
  return Execute(CtlArguments(arguments));
}

Json EndToEnd::CtlJson(const std::vector<std::string>& arguments, int exit_code) const {
  std::vector<std::string> all = arguments;
  all.push_back("--json");
  const Finished finished = Ctl(all);
  EXPECT_EQ(finished.exit.code, exit_code) << finished.err;
  const Json json = Json::parse(finished.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << finished.out;
  return json;
}

std::string EndToEnd::TuneDetached(const std::string& rows) const {
  return CtlJson({"tune", "gemm", "--m", rows, "--n", "64", "--k", "64", "--detach"})
      .value("id", "");
}

}  // namespace tactic::e2e
