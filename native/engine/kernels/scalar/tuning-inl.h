constexpr const char* kName = "scalar";
using Isa = ScalarIsa;

constexpr int kDirectTokens = 4;
constexpr int kPanels = 2;
constexpr int kGemmTileTokens = 4;
constexpr int kGemmTokens = 16;
