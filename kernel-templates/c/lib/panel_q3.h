// q3.
enum { OFFSET = 4, MINIMUM = 0 };
//#include "lib/panel_bits3.h"
