#include "client/c_link/own_runner.h"

#include <string>
#include <utility>
#include <vector>

#include "client/c/handles.h"
#include "client/c/read.h"
#include "client/c_link/callback.h"
#include "client/c_link/problem_view.h"

struct tactic_tactics {
  std::vector<tactic::Tactic> tactics;
};

namespace tactic::c {
namespace {

class OwnCall final : public sdk::Call {
 public:
  explicit OwnCall(const tactic_own_runner& runner) : runner_(runner) {}
  ~OwnCall() override {
    if (prepared_ && runner_.release != nullptr) runner_.release(call_, runner_.context);
  }
  OwnCall(const OwnCall&) = delete;
  OwnCall& operator=(const OwnCall&) = delete;

  Check Prepare(const Problem& problem, const Tactic& tactic) {
    const ProblemView view(problem);
    Check prepared = CallBack("prepare", [&] {
      return runner_.prepare(view.get(), ToC(&tactic), &call_, &workspace_bytes_, runner_.context);
    });
    prepared_ = prepared.ok();
    return prepared;
  }
  size_t WorkspaceBytes() const override { return workspace_bytes_; }
  void Launch(const sdk::Operands& operands) override {
    const tactic_operands own = {sizeof(tactic_operands), operands.inputs.data(),
                                 operands.outputs.data(), operands.workspace};
    ThrowUnless(CallBack("launch", [&] { return runner_.launch(call_, &own, runner_.context); }));
  }

 private:
  const tactic_own_runner& runner_;
  bool prepared_ = false;
  void* call_ = nullptr;
  size_t workspace_bytes_ = 0;
};

class OwnRunner final : public sdk::Runner {
 public:
  OwnRunner(RunnerId id, std::vector<Component> libraries, const tactic_own_runner& runner)
      : id_(std::move(id)), libraries_(std::move(libraries)), runner_(runner) {}

  RunnerId Id() const override { return id_; }
  std::vector<Component> Libraries() const override { return libraries_; }

  std::vector<Tactic> Tactics(const Problem& problem) const override {
    if (runner_.list_tactics == nullptr) return {};
    const ProblemView view(problem);
    tactic_tactics listed;
    ThrowUnless(CallBack("list_tactics", [&] {
      return runner_.list_tactics(view.get(), &listed, runner_.context);
    }));
    return std::move(listed.tactics);
  }

  Result<std::unique_ptr<sdk::Call>> Prepare(const Problem& problem,
                                             const Tactic& tactic) const override {
    auto call = std::make_unique<OwnCall>(runner_);
    if (const Check prepared = call->Prepare(problem, tactic); !prepared.ok()) {
      return prepared.error();
    }
    return std::unique_ptr<sdk::Call>(std::move(call));
  }

 private:
  const RunnerId id_;
  const std::vector<Component> libraries_;
  const tactic_own_runner runner_;  // Its callbacks and their context; the rest is the caller's.
};

Result<RunnerId> ToId(const tactic_runner& from) {
  Result<std::string> name = ToText("runner.id.name", from.name);
  if (!name.ok()) return name.error();
  Result<std::string> unique_id = ToText("runner.id.unique_id", from.unique_id);
  if (!unique_id.ok()) return unique_id.error();
  RunnerId id{*std::move(name), *std::move(unique_id)};
  if (const Check sound = CheckRunnerId("runner.id.", id); !sound.ok()) return sound.error();
  return id;
}

Result<std::vector<Component>> ToLibraries(const tactic_own_runner& from) {
  const Check there =
      CheckArray("runner.libraries", from.libraries, from.library_count, limits::kComponents);
  if (!there.ok()) return there.error();
  std::vector<Component> libraries;
  for (size_t i = 0; i < from.library_count; ++i) {
    const std::string at = Item("runner.libraries", i);
    Result<std::string> name = ToText((at + ".name").c_str(), from.libraries[i].name);
    if (!name.ok()) return name.error();
    Result<std::string> version = ToText((at + ".version").c_str(), from.libraries[i].version);
    if (!version.ok()) return version.error();
    libraries.push_back({*std::move(name), *std::move(version)});
    const Check sound = CheckComponent(at + ".", libraries.back());
    if (!sound.ok()) return sound.error();
  }
  return libraries;
}

}  // namespace

Result<std::unique_ptr<sdk::Runner>> MakeOwnRunner(const tactic_own_runner* runner) {
  const Result<tactic_own_runner> known = ReadStruct("runner", runner);
  if (!known.ok()) return known.error();
  Result<RunnerId> id = ToId(known->id);
  if (!id.ok()) return id.error();
  Result<std::vector<Component>> libraries = ToLibraries(*known);
  if (!libraries.ok()) return libraries.error();
  if (known->prepare == nullptr) return InvalidArgument("runner.prepare is NULL");
  if (known->launch == nullptr) return InvalidArgument("runner.launch is NULL");
  return std::unique_ptr<sdk::Runner>(
      std::make_unique<OwnRunner>(*std::move(id), *std::move(libraries), *known));
}

}  // namespace tactic::c

tactic_status tactic_tactics_add(tactic_tactics* tactics, const tactic_parameter* parameters,
                                 size_t count) {
  using tactic::Check;
  return tactic::c::Guard([&]() -> Check {
    Check there = tactic::c::CheckPointer("tactics", tactics);
    if (!there.ok()) return there;
    auto tactic = tactic::c::ToParameters("parameters", parameters, count);
    if (!tactic.ok()) return tactic.error();
    tactics->tactics.push_back(*std::move(tactic));
    return tactic::Ok();
  });
}
