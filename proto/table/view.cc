#include "proto/table/view.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "tactic/model/codec.h"

namespace tactic::table {
namespace {

constexpr size_t kSummed = offsetof(Header, checksum) + sizeof(Header::checksum);

Refusal Damaged(std::string what) { return {Fault::kDamaged, "damaged: " + std::move(what)}; }

// What is wrong up to the checksum.
std::optional<Refusal> CheckHeader(std::string_view bytes) {
  const std::string_view magic(kMagic.data(), kMagic.size());
  if (bytes.substr(0, magic.size()) != magic.substr(0, bytes.size())) {
    return Refusal{Fault::kForeign, "not a table file of tacticd"};
  }
  constexpr size_t kLasting = offsetof(Header, byte_order);
  if (bytes.size() < kLasting) return Damaged("cut short");
  uint32_t version = 0;
  std::memcpy(&version, bytes.data() + offsetof(Header, version), sizeof(version));
  if (version == __builtin_bswap32(kVersion)) {
    return Refusal{Fault::kForeign, "written by a machine with another byte order"};
  }
  if (version > kVersion) {
    return Refusal{Fault::kNewer, "of version " + std::to_string(version) +
                                      "; this program reads version " + std::to_string(kVersion)};
  }
  if (bytes.size() < sizeof(Header)) return Damaged("cut short");
  Header header;
  std::memcpy(static_cast<void*>(&header), bytes.data(), sizeof(header));
  if (version != kVersion || header.byte_order != kByteOrder) return Damaged("its header");
  if (header.file_bytes != bytes.size()) {
    return Damaged("it has " + std::to_string(bytes.size()) + " bytes and says " +
                   std::to_string(header.file_bytes));
  }
  if (header.checksum != Checksum(bytes.substr(kSummed))) return Damaged("its checksum");
  return std::nullopt;
}

}  // namespace

std::string_view Name(Fault fault) {
  switch (fault) {
    case Fault::kMissing:
      return "missing";
    case Fault::kUnreadable:
      return "unreadable";
    case Fault::kForeign:
      return "foreign";
    case Fault::kNewer:
      return "newer";
    case Fault::kDamaged:
      return "damaged";
  }
  return "unknown";
}

// Whether everything that the bytes point to is inside of them. A right checksum does not say it:
// who can write a file can write the sum too.
class View::Checker {
 public:
  explicit Checker(const View& view) : view_(view), bytes_(view.bytes_.size()) {}

  // What is wrong, or nullptr.
  const char* Run() {
    const Header& header = view_.header();
    if (!Holds<char>(header.pool) || !Holds<EnvironmentRecord>(header.environments) ||
        !Holds<OpRecord>(header.ops) || !Holds<FamilyRecord>(header.families) ||
        !Holds<Span>(header.candidates) || !Holds<FormRecord>(header.forms) ||
        !Holds<uint32_t>(header.rankings)) {
      return "a section is outside of the file";
    }
    if (!Holds(header.store_id)) return "its store's id";
    for (const EnvironmentRecord& record : view_.environments()) {
      if (!Holds(record.environment)) return "an environment";
    }
    for (const OpRecord& record : view_.ops()) {
      if (!Holds(record.key)) return "an op";
    }
    for (const Span& candidate : view_.At<Span>(header.candidates)) {
      if (!Holds(candidate)) return "a candidate";
    }
    for (const FamilyRecord& family : view_.families()) {
      if (!Check(family)) return "the decisions of an op";
    }
    return nullptr;
  }

 private:
  template <typename T>
  bool Holds(const Section& section) const {
    return section.at % kAlignment == 0 && section.at <= bytes_ &&
           section.count <= (bytes_ - section.at) / sizeof(T);
  }
  bool Holds(Span span) const {
    return uint64_t{span.at} + span.bytes <= view_.header().pool.count;
  }

  bool Check(const FamilyRecord& family) {
    const Header& header = view_.header();
    if (!Holds(family.key) || !Holds(family.op) ||
        family.environment >= header.environments.count ||
        uint64_t{family.first_candidate} + family.candidates > header.candidates.count ||
        uint64_t{family.first_form} + family.forms > header.forms.count) {
      return false;
    }
    uint64_t decisions = 0;
    for (const FormRecord& form : view_.FormsOf(family)) {
      if (!CheckShape(form)) return false;
      decisions += form.entries;
      ranking_checked_ = 0;
      const bool good = form.word_bytes == sizeof(uint32_t)
                            ? CheckRecords(form, view_.SlotsOf<uint32_t>(form), family)
                            : CheckRecords(form, view_.SlotsOf<uint64_t>(form), family);
      if (!good) return false;
    }
    return decisions == family.decisions;
  }

  // Where it lies, and that its words are those of its inputs.
  bool CheckShape(const FormRecord& form) {
    if (form.groups == 0 || form.words > Key::kMostWords) return false;
    if (form.word_bytes != sizeof(uint32_t) && form.word_bytes != sizeof(uint64_t)) return false;
    const uint64_t slots = uint64_t{form.groups} * kSlotsPerGroup;
    const uint64_t record_bytes = sizeof(RecordHead) + uint64_t{form.words} * form.word_bytes;
    const Section groups{form.groups_at, form.groups};
    if (!Holds<uint64_t>(groups) || form.records_at % kAlignment != 0 || form.records_at > bytes_ ||
        slots > (bytes_ - form.records_at) / record_bytes) {
      return false;
    }
    slots_ += slots * record_bytes;  // Forms do not lie over each other.
    return slots_ <= bytes_ && CheckInputs(form);
  }

  bool CheckInputs(const FormRecord& form) const {
    if (!Holds(form.inputs) || form.inputs.bytes % sizeof(InputRecord) != 0) return false;
    const std::span<const InputRecord> inputs = view_.InputsOf(form);
    if (inputs.size() > limits::kInputs) return false;
    const bool many = inputs.size() > size_hash::kRanksPerWord;
    uint64_t ranks = 0;
    size_t words = many ? 1 : 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (inputs[i].rank > limits::kRank) return false;
      if (i < size_hash::kRanksPerWord) ranks |= uint64_t{inputs[i].rank} << (4 * i);
      words += inputs[i].rank;
    }
    return ranks == form.ranks && words == form.words &&
           (!many || form.word_bytes == sizeof(uint64_t));
  }

  template <typename Word>
  bool CheckRecords(const FormRecord& form, const SlotView<Word, RecordHead>& slots,
                    const FamilyRecord& family) {
    uint64_t entries = 0;
    bool good = true;
    slots.ForEach([&](const RecordHead& head, const auto&) {
      ++entries;
      good = good && Check(head, family);
    });
    // A probe ends at a free slot.
    return good && entries == form.entries && entries < uint64_t{form.groups} * kSlotsPerGroup;
  }

  bool Check(const RecordHead& head, const FamilyRecord& family) {
    if (head.pick >= family.candidates || head.decision_id > kMostDecisionId) return false;
    if (head.ranking == ranking_checked_ && ranking_checked_ != 0) return true;
    const std::span<const uint32_t> rankings = view_.At<uint32_t>(view_.header().rankings);
    if (head.ranking >= rankings.size()) return false;
    const size_t rest = rankings.size() - head.ranking - 1;
    const uint32_t count = rankings[head.ranking];
    if (count > rest || count > limits::kCandidates) return false;
    for (const uint32_t candidate : rankings.subspan(head.ranking + 1, count)) {
      if (candidate >= family.candidates) return false;
    }
    ranking_checked_ = head.ranking;
    return true;
  }

  const View& view_;
  const uint64_t bytes_;
  uint64_t slots_ = 0;            // Bytes of records so far.
  uint32_t ranking_checked_ = 0;  // The last one that was good for this family; 0 = none.
};

std::variant<View, Refusal> View::Parse(std::string_view bytes) {
  if (std::optional<Refusal> refusal = CheckHeader(bytes)) return *std::move(refusal);
  View view(bytes);
  if (const char* wrong = Checker(view).Run()) return Damaged(wrong);
  return view;
}

const FamilyRecord* View::Find(std::string_view family_key, const Fingerprint& environment) const {
  const std::span<const FamilyRecord> all = families();
  auto family = std::lower_bound(
      all.begin(), all.end(), family_key,
      [this](const FamilyRecord& f, std::string_view key) { return Text(f.key) < key; });
  for (; family != all.end() && Text(family->key) == family_key; ++family) {
    const EnvironmentRecord& of = environments()[family->environment];
    if (of.high == environment.high && of.low == environment.low) return &*family;
  }
  return nullptr;
}

}  // namespace tactic::table
