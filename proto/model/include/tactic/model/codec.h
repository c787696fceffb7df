// The canonical binary form of the model's values: what fingerprints are computed over, and what
// stores keep. Little-endian, varints, length-prefixed strings, one version byte in front.
// docs/encoding.md describes it. Decoders accept any bytes: they return an Error for what is
// damaged, too long or out of range, and allocate no more than a small multiple of the input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tactic/model/decision.h"
#include "tactic/model/key.h"

namespace tactic {

std::string Encode(const Key& key);  // Everything, labels and ranges too: decodes to an equal key.
std::string Encode(const Environment& environment);
std::string Encode(const Candidate& candidate);
std::string Encode(const std::vector<Ranked>& ranking);
std::string Encode(const std::vector<Sample>& samples);
std::string Encode(const Shapes& shapes);

Result<Key> DecodeKey(std::string_view bytes);
Result<Environment> DecodeEnvironment(std::string_view bytes);
Result<Candidate> DecodeCandidate(std::string_view bytes);
Result<std::vector<Ranked>> DecodeRanking(std::string_view bytes);
Result<std::vector<Sample>> DecodeSamples(std::string_view bytes);
Result<Shapes> DecodeShapes(std::string_view bytes);

// XXH3-64 of `bytes`: the checksum of stored rows and of frames.
uint64_t Checksum(std::string_view bytes);
Fingerprint Hash128(std::string_view bytes);

}  // namespace tactic
