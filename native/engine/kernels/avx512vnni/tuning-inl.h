constexpr const char* kName = "avx512vnni";
using Isa = Avx512VnniIsa;

constexpr int kDirectTokens = 8;
constexpr int kPanels = 2;
constexpr int kGemmTileTokens = 6;
constexpr int kGemmTokens = 24;
constexpr int kAttendRows = 8;  // query rows that attention keeps in registers
