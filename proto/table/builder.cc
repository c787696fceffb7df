#include "proto/table/builder.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

#include "tactic/model/codec.h"

namespace tactic::table {
void Builder::Put(const Decision& decision) {
  const std::optional<InputSizes> sizes = SizesOf(decision);
  if (!sizes) {
    ++left_out_;
    return;
  }
  Key key;
  key.Set(*sizes);
  Family& family = FamilyOf(decision.key);
  const RecordHead head = HeadOf(decision, family);
  Form& form = FormOf(family, InputsOf(decision.key.problem), key);
  size_ += (form.narrow ? form.narrow->Put(key, head) : form.wide->Put(key, head)) ? 1 : 0;
}

Builder::Family& Builder::FamilyOf(const tactic::Key& key) {
  if (last_key_ && SameFamily(*last_key_, key)) return *last_family_;
  const uint32_t environment = EnvironmentOf(key.environment);
  std::string family_key = FamilyKey(key.problem.op, key.problem.attributes, key.policy);
  Family& family = families_[{family_key, environment}];
  family.key = std::move(family_key);
  family.op = key.problem.op;
  family.environment = environment;
  last_key_ =
      tactic::Key{{key.problem.op, key.problem.attributes, {}}, key.policy, key.environment};
  last_family_ = &family;
  return family;
}

uint32_t Builder::EnvironmentOf(const Environment& environment) {
  const auto next = static_cast<uint32_t>(environments_.size());
  const auto [found, added] = environment_numbers_.try_emplace(FingerprintOf(environment), next);
  if (added) environments_.push_back(environment);
  return found->second;
}

RecordHead Builder::HeadOf(const Decision& decision, Family& family) {
  std::vector<uint32_t> ranking;
  for (const Ranked& ranked : decision.ranking) {
    const auto next = static_cast<uint32_t>(family.candidates.size());
    const auto [found, added] = family.candidate_numbers.try_emplace(ranked.candidate, next);
    if (added) family.candidates.push_back(&found->first);
    ranking.push_back(found->second);
  }
  RecordHead head{decision.id, ranking.front(), 0};
  if (ranking.size() == 1) return head;
  ranking.front() = static_cast<uint32_t>(ranking.size() - 1);  // As it is in the file.
  const auto next = static_cast<uint32_t>(rankings_.size());
  const auto [found, added] = ranking_numbers_.try_emplace(std::move(ranking), next);
  if (added) rankings_.insert(rankings_.end(), found->first.begin(), found->first.end());
  head.ranking = found->second;
  return head;
}

Builder::Form& Builder::FormOf(Family& family, Inputs inputs, const Key& key) {
  for (Form& form : family.forms) {
    if (form.wide.has_value() == key.wide() && form.inputs == inputs) return form;
  }
  Form& form = family.forms.emplace_back();
  form.inputs = std::move(inputs);
  if (key.wide()) {
    form.wide.emplace(key.ranks(), key.size());
  } else {
    form.narrow.emplace(key.ranks(), key.size());
  }
  return form;
}

// Sections, gathered; then all of them in one string.
class Builder::Layout {
 public:
  explicit Layout(const Builder& builder) : builder_(builder) {}

  Result<std::string> Run(const Facts& facts) {
    for (const Environment& environment : builder_.environments_) {
      const Fingerprint fingerprint = FingerprintOf(environment);
      environments_.push_back({fingerprint.high, fingerprint.low, Pooled(Encode(environment))});
    }
    for (const OpFacts& op : facts.ops) {
      ops_.push_back(
          {Pooled(Encode(tactic::Key{{op.op, op.attribute_defaults, {}}, {}, op.environment}))});
    }
    for (const auto& [key, family] : builder_.families_) Add(family);
    Header header;
    header.revision = facts.revision;
    header.decisions = builder_.size_;
    header.left_out = builder_.left_out_;
    header.created_unix_ms = facts.created_unix_ms;
    if (facts.of_this_host) header.flags |= kOfThisHost;
    header.store_id = Pooled(facts.store_id);
    return Write(header);
  }

 private:
  Span Pooled(const std::string& text) {
    const auto [found, added] = pooled_.try_emplace(text);
    if (added) {
      found->second = {static_cast<uint32_t>(pool_.size()), static_cast<uint32_t>(text.size())};
      pool_ += text;
    }
    return found->second;
  }

  void Add(const Family& family) {
    FamilyRecord record;
    record.key = Pooled(family.key);
    record.op = Pooled(family.op);
    record.environment = family.environment;
    record.first_candidate = static_cast<uint32_t>(candidates_.size());
    record.candidates = static_cast<uint32_t>(family.candidates.size());
    record.first_form = static_cast<uint32_t>(forms_.size());
    record.forms = static_cast<uint32_t>(family.forms.size());
    for (const Candidate* candidate : family.candidates)
      candidates_.push_back(Pooled(Encode(*candidate)));
    for (const Form& form : family.forms) {
      if (form.narrow) Add(form, *form.narrow, record);
      if (form.wide) Add(form, *form.wide, record);
    }
    families_.push_back(record);
  }

  template <typename Word>
  void Add(const Form& form, const SlotTable<Word, RecordHead>& slots, FamilyRecord& family) {
    FormRecord record;
    record.ranks = slots.ranks();
    record.groups = static_cast<uint32_t>(slots.groups().size());
    record.entries = static_cast<uint32_t>(slots.size());
    record.words = static_cast<uint32_t>(slots.words());
    record.word_bytes = sizeof(Word);
    record.inputs = Pooled(std::string(reinterpret_cast<const char*>(form.inputs.data()),
                                       form.inputs.size() * sizeof(InputRecord)));
    family.decisions += record.entries;
    forms_.push_back(record);
    slots_.push_back({&slots.groups(), &slots.records()});
  }

  // Room for `bytes` at the end, aligned.
  uint64_t Reserve(uint64_t bytes) {
    const uint64_t at = (end_ + kAlignment - 1) / kAlignment * kAlignment;
    end_ = at + bytes;
    return at;
  }
  template <typename Items>
  Section Reserve(const Items& items) {
    return {Reserve(items.size() * sizeof(*items.data())), items.size()};
  }
  template <typename Items>
  static void Copy(const Items& items, uint64_t at, std::string& image) {
    if (items.empty()) return;
    std::memcpy(image.data() + at, items.data(), items.size() * sizeof(*items.data()));
  }

  Result<std::string> Write(Header& header) {
    for (size_t i = 0; i < forms_.size(); ++i) {
      forms_[i].groups_at = Reserve(*slots_[i].groups).at;
      forms_[i].records_at = Reserve(*slots_[i].records).at;
    }
    header.pool = Reserve(pool_);
    header.environments = Reserve(environments_);
    header.ops = Reserve(ops_);
    header.families = Reserve(families_);
    header.candidates = Reserve(candidates_);
    header.forms = Reserve(forms_);
    header.rankings = Reserve(builder_.rankings_);
    header.file_bytes = end_;
    if (pool_.size() > std::numeric_limits<uint32_t>::max() || end_ > kMostFileBytes) {
      return Error{ErrorCode::kOutOfMemory, "the table file would have " + std::to_string(end_) +
                                                " bytes, which is more than its format can say"};
    }
    return Fill(header);
  }

  std::string Fill(Header& header) const {
    std::string image(end_, '\0');
    for (size_t i = 0; i < forms_.size(); ++i) {
      Copy(*slots_[i].groups, forms_[i].groups_at, image);
      Copy(*slots_[i].records, forms_[i].records_at, image);
    }
    Copy(pool_, header.pool.at, image);
    Copy(environments_, header.environments.at, image);
    Copy(ops_, header.ops.at, image);
    Copy(families_, header.families.at, image);
    Copy(candidates_, header.candidates.at, image);
    Copy(forms_, header.forms.at, image);
    Copy(builder_.rankings_, header.rankings.at, image);
    std::memcpy(image.data(), &header, sizeof(header));
    constexpr size_t kSummed = offsetof(Header, checksum) + sizeof(header.checksum);
    header.checksum = Checksum(std::string_view(image).substr(kSummed));
    std::memcpy(image.data(), &header, sizeof(header));
    return image;
  }

  struct Slots {
    const std::vector<uint64_t>* groups;
    const std::vector<uint32_t>* records;
  };

  const Builder& builder_;
  uint64_t end_ = sizeof(Header);
  std::string pool_;
  std::unordered_map<std::string, Span> pooled_;
  std::vector<EnvironmentRecord> environments_;
  std::vector<OpRecord> ops_;
  std::vector<FamilyRecord> families_;
  std::vector<Span> candidates_;
  std::vector<FormRecord> forms_;
  std::vector<Slots> slots_;
};

Result<std::string> Builder::Image(const Facts& facts) const { return Layout(*this).Run(facts); }

}  // namespace tactic::table
