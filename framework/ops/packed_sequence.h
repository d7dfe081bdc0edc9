// Sequences of different lengths in one tensor, as torch.nn.utils.rnn: padded to the longest, or packed step by step
// without the padding, which is what recurrent layers run over.
#pragma once

#include <optional>
#include <vector>

#include <korrel/framework/tensor/tensor.h>

namespace korrel {

struct PackedSequence {
  Tensor data;                       // [rows,...]: the rows of step 0, then those of step 1, ...; long sequences first
  std::vector<int64_t> batch_sizes;  // of each step: how many sequences are that long
  // Which of the given sequences lies where, and back; empty where the order was kept.
  std::vector<int64_t> sorted_indices = {}, unsorted_indices = {};
};

struct PackOptions {
  bool batch_first = false;    // x is [N,T,...]
  bool enforce_sorted = true;  // lengths that grow are an error; false: sequences are reordered
};
// x [T,N,...] padded, lengths [N] each from 1 to T.
PackedSequence pack_padded_sequence(const Tensor& x, const std::vector<int64_t>& lengths,
                                    const PackOptions& options = {});

struct PaddedSequence {
  Tensor data;                   // [T,N,...] or [N,T,...]
  std::vector<int64_t> lengths;  // [N]
};
struct PadPackedOptions {
  bool batch_first = false;
  double padding_value = 0;
  std::optional<int64_t> total_length = {};  // T; default: the longest
};
PaddedSequence pad_packed_sequence(const PackedSequence& packed, const PadPackedOptions& options = {});  // and back

// Tensors [length,...], whose other sizes agree -> [T,N,...] or [N,T,...]; or (pack_sequence) packed.
struct PadSequenceOptions {
  bool batch_first = false;
  double padding_value = 0;
};
Tensor pad_sequence(const std::vector<Tensor>& sequences, const PadSequenceOptions& options = {});
struct PackSequenceOptions {
  bool enforce_sorted = true;
};
PackedSequence pack_sequence(const std::vector<Tensor>& sequences, const PackSequenceOptions& options = {});

}  // namespace korrel
