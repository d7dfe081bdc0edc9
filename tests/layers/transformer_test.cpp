// The transformer's layers: PyTorch's state_dict names, masks, evaluation against training, what they refuse. Numbers:
// tests/golden/transformer_test.cpp.
#include <korrel/layers/transformer.h>

#include <doctest/doctest.h>

#include <cmath>

#include <korrel/framework/autograd/grad_mode.h>
#include <korrel/framework/ops/elementwise.h>
#include <korrel/framework/ops/shape.h>
#include <korrel/framework/tensor/create.h>
#include <korrel/framework/tensor/random.h>
#include <tests/message_of.h>

using namespace korrel;

namespace {

using Names = std::vector<std::string>;

Names keys(const nn::Module& module) {
  Names names;
  for (const auto& [name, tensor] : module.state_dict()) names.push_back(name);
  return names;
}

void check_close(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  std::vector<double> x = a.to_vector(), y = b.to_vector();
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == doctest::Approx(y[i]).epsilon(1e-4));
}

const nn::TransformerLayerOptions small{.dim_feedforward = 6, .dropout = 0.1};

}  // namespace

TEST_CASE("the names are PyTorch's") {
  nn::TransformerEncoderLayer encoder(4, 2, small);
  CHECK(keys(encoder) == Names{"self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight",
                               "self_attn.out_proj.bias", "linear1.weight", "linear1.bias", "linear2.weight",
                               "linear2.bias", "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"});
  nn::TransformerDecoderLayer decoder(4, 2, small);
  Names names = keys(decoder);
  CHECK(names.size() == 18);
  CHECK(names[4] == "multihead_attn.in_proj_weight");
  CHECK(names[16] == "norm3.weight");

  nn::Transformer whole({.d_model = 4, .nhead = 2, .num_encoder_layers = 2, .num_decoder_layers = 1, .layer = small});
  names = keys(whole);
  CHECK(names.size() == 2 * 12 + 2 + 18 + 2);
  CHECK(names[12] == "encoder.layers.1.self_attn.in_proj_weight");
  CHECK(names[24] == "encoder.norm.weight");
  CHECK(names[26] == "decoder.layers.0.self_attn.in_proj_weight");
  CHECK(names.back() == "decoder.norm.bias");
  CHECK(nn::Transformer().parameter_count() == 44140544);  // PyTorch's, with every default
}

TEST_CASE("copies of a layer start alike and are trained apart") {
  nn::TransformerEncoderLayer layer(4, 2, small);
  nn::TransformerEncoder stack(layer, 3);
  CHECK(stack.parameters().size() == 36);
  CHECK(stack.layers[0].linear1.weight.to_vector() == layer.linear1.weight.to_vector());
  stack.layers[0].linear1.weight.data<float>()[0] += 1;
  CHECK(stack.layers[1].linear1.weight.to_vector() == layer.linear1.weight.to_vector());
}

TEST_CASE("training drops, evaluation does not; a loaded model computes the same") {
  nn::Transformer net({.d_model = 8, .nhead = 2, .num_encoder_layers = 1, .num_decoder_layers = 1, .layer = small}),
      other = net;
  Tensor src = randn({5, 2, 8}), tgt = randn({3, 2, 8});
  CHECK(net(src, tgt).to_vector() != net(src, tgt).to_vector());
  net.eval();
  std::vector<double> y = net(src, tgt).to_vector();
  CHECK(net(src, tgt).to_vector() == y);
  CHECK(y.size() == 3 * 2 * 8);
  other.reset_parameters();
  other.eval();
  CHECK(other(src, tgt).to_vector() != y);
  other.load_state_dict(net.state_dict());
  CHECK(other(src, tgt).to_vector() == y);
}

TEST_CASE("batch first, no batch, and one sequence at a time are the same numbers") {
  nn::TransformerLayerOptions options{.dim_feedforward = 6, .dropout = 0, .activation = "gelu", .norm_first = true};
  nn::TransformerEncoderLayer second(8, 2, options);
  options.batch_first = true;
  nn::TransformerEncoderLayer first(8, 2, options);
  first.load_state_dict(second.state_dict());
  Tensor x = randn({5, 3, 8}), y = second(x);
  check_close(first(x.transpose(0, 1)).transpose(0, 1), y);
  check_close(first(x.select(1, 2)), y.select(1, 2));
}

TEST_CASE("the subsequent mask hides what comes later") {
  Tensor mask = nn::Transformer::generate_square_subsequent_mask(3);
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(mask.to_vector() == std::vector<double>{0, -inf, -inf, 0, 0, -inf, 0, 0, 0});
  nn::TransformerEncoder encoder(nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 6, .dropout = 0}), 2);
  Tensor x = randn({3, 1, 8}), changed = x.clone();
  changed.data<float>()[2 * 8] += 1;  // the last place
  Tensor a = encoder(x, {.src_mask = mask}), b = encoder(changed, {.src_mask = mask});
  CHECK(a.narrow(0, 0, 2).contiguous().to_vector() == b.narrow(0, 0, 2).contiguous().to_vector());
  CHECK(a[2].to_vector() != b[2].to_vector());
  CHECK(encoder(x)[0].to_vector() != encoder(changed)[0].to_vector());
}

TEST_CASE("what the layers refuse") {
  CHECK(message_of<ValueError>([] { nn::TransformerEncoderLayer layer(8, 3); }) ==
        "MultiheadAttention: num_heads=3 does not divide embed_dim=8");
  CHECK(message_of<ValueError>([] { nn::TransformerEncoderLayer layer(8, 2, {.activation = "tanh"}); }) ==
        "TransformerEncoderLayer: activation must be \"relu\" or \"gelu\", got \"tanh\"");
  CHECK(message_of<ValueError>([] { nn::TransformerDecoderLayer layer(8, 2, {.dim_feedforward = 0}); }) ==
        "TransformerDecoderLayer: dim_feedforward must be positive, got 0");
  CHECK(message_of<ValueError>([] { nn::TransformerEncoderLayer layer(8, 2, {.dropout = 2}); }).find("[0, 1], got 2") !=
        std::string::npos);
  CHECK(message_of<ValueError>([] { nn::TransformerEncoder stack(nn::TransformerEncoderLayer(8, 2, small), -1); }) ==
        "TransformerEncoder: num_layers must not be negative, got -1");
  nn::Transformer net({.d_model = 8, .nhead = 2, .num_encoder_layers = 1, .num_decoder_layers = 1, .layer = small});
  CHECK(message_of<ShapeError>([&] {
          net(zeros({3, 2, 8}), zeros({3, 2, 4}));
        }) == "Transformer: src and tgt need 8 features (src [3,2,8], tgt [3,2,4])");
  CHECK(message_of<ShapeError>([&] {
          net(zeros({3, 2, 8}), zeros({3, 1, 8}));
        })
            .starts_with("Transformer.decoder.layers.0.multihead_attn (MultiheadAttention): "
                         "multi_head_attention_forward: query is a batch of 1, key of 2"));
}
