constexpr const char* kName = "avx2";
using Isa = Avx2Isa;

constexpr int kDirectTokens = 4;    // tokens that the direct kernel keeps in registers
constexpr int kPanels = 2;          // panels and
constexpr int kGemmTileTokens = 4;  // tokens of one register tile of the GEMM
constexpr int kGemmTokens = 32;     // from here on unpacking pays
constexpr int kAttendRows = 6;      // query rows that attention keeps in registers
