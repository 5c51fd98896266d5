constexpr const char* kName = "scalar";
using Isa = ScalarIsa;

constexpr int kDirectTokens = 4;
constexpr int kPanels = 2;
constexpr int kGemmTileTokens = 4;
constexpr int kGemmTokens = 16;
constexpr int kAttendRows = 6;  // query rows that attention keeps in registers
