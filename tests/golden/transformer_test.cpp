// PyTorch's numbers for the transformer's layers.
#include <doctest/doctest.h>
#include <tests/golden/golden.h>

#include <korrel/layers/transformer.h>

using namespace korrel;
using golden::Case;

namespace {

nn::TransformerLayerOptions options_of(const Case& c) {
  return {.dim_feedforward = c.args.integer("dim_feedforward"),
          .dropout = 0,
          .activation = c.args.text("activation"),
          .layer_norm_eps = c.args.number("layer_norm_eps"),
          .batch_first = c.args.flag("batch_first"),
          .norm_first = c.args.flag("norm_first")};
}

// The case's own tensors take the parameters' places, so that the gradients arrive there.
void put(const Case& c, nn::Module& module, const std::string& prefix) {
  nn::Members members;
  module.visit_members(members);
  for (const nn::Member& member : members.list) {
    if (member.module) put(c, *member.module, prefix + member.key() + ".");
    if (!member.tensor || !member.tensor->defined()) continue;
    REQUIRE(c[prefix + member.key()].shape() == member.tensor->shape());
    static_cast<Tensor&>(*member.tensor) = c[prefix + member.key()];
  }
}

template <class Layer>
Layer layer_of(const Case& c) {
  Layer layer(c.args.integer("d_model"), c.args.integer("nhead"), options_of(c));
  put(c, layer, "");
  return layer;
}

const golden::Ops ops = {
    {"transformer_encoder_layer",
     [](const Case& c) {
       auto layer = layer_of<nn::TransformerEncoderLayer>(c);
       return layer(c["src"], {.src_mask = c["src_mask"], .src_key_padding_mask = c["src_key_padding_mask"]});
     }},
    {"transformer_decoder_layer",
     [](const Case& c) {
       auto layer = layer_of<nn::TransformerDecoderLayer>(c);
       return layer(c["tgt"], c["memory"],
                    {.tgt_mask = c["tgt_mask"],
                     .memory_mask = c["memory_mask"],
                     .tgt_key_padding_mask = c["tgt_key_padding_mask"],
                     .memory_key_padding_mask = c["memory_key_padding_mask"]});
     }},
};

}  // namespace

TEST_CASE("transformer") { golden::run("transformer"); }
