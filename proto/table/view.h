// Reading a table file's bytes, wherever they lie. Nothing is copied.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "proto/table/format.h"
#include "proto/table/slots.h"
#include "tactic/model/key.h"

namespace tactic::table {

// Why a file is not read.
enum class Fault : uint8_t {
  kMissing,     // There is none.
  kUnreadable,  // The system does not let us.
  kForeign,     // Not a table file, or one of a machine with another byte order.
  kNewer,       // Of a version that this library does not know.
  kDamaged,     // Cut short, or not as it was written.
};
std::string_view Name(Fault fault);  // "damaged"

// What is wrong, for people.
struct Refusal {
  Fault fault = Fault::kDamaged;
  std::string message;
};

// Bytes of a table file that were checked, all of them: whatever they say is inside of them.
// A value that refers to the bytes.
class View {
 public:
  // `bytes` lie at a multiple of 64 and never change as long as they are looked at.
  static std::variant<View, Refusal> Parse(std::string_view bytes);

  const Header& header() const { return *reinterpret_cast<const Header*>(bytes_.data()); }
  bool of_this_host() const { return (header().flags & kOfThisHost) != 0; }
  std::string_view store_id() const { return Text(header().store_id); }

  std::span<const EnvironmentRecord> environments() const {
    return At<EnvironmentRecord>(header().environments);
  }
  std::span<const OpRecord> ops() const { return At<OpRecord>(header().ops); }
  std::span<const FamilyRecord> families() const { return At<FamilyRecord>(header().families); }
  // nullptr: no decisions.
  const FamilyRecord* Find(std::string_view family_key, const Fingerprint& environment) const;

  std::span<const FormRecord> FormsOf(const FamilyRecord& family) const {
    return At<FormRecord>(header().forms).subspan(family.first_form, family.forms);
  }
  std::span<const Span> CandidatesOf(const FamilyRecord& family) const {
    return At<Span>(header().candidates).subspan(family.first_candidate, family.candidates);
  }
  std::span<const InputRecord> InputsOf(const FormRecord& form) const {
    return {reinterpret_cast<const InputRecord*>(Text(form.inputs).data()),
            form.inputs.bytes / sizeof(InputRecord)};
  }
  // REQUIRES: words of this width.
  template <typename Word>
  SlotView<Word, RecordHead> SlotsOf(const FormRecord& form) const {
    return {form.ranks, form.words,
            reinterpret_cast<const uint64_t*>(bytes_.data() + form.groups_at), form.groups,
            reinterpret_cast<const uint32_t*>(bytes_.data() + form.records_at)};
  }
  // At RecordHead::ranking: a count and the candidates.
  const uint32_t* rankings() const { return At<uint32_t>(header().rankings).data(); }

  std::string_view Text(Span span) const {
    return bytes_.substr(header().pool.at + span.at, span.bytes);
  }

 private:
  class Checker;

  explicit View(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  std::span<const T> At(const Section& section) const {
    return {reinterpret_cast<const T*>(bytes_.data() + section.at), section.count};
  }

  std::string_view bytes_;
};

}  // namespace tactic::table
