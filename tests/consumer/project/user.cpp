// A user's whole program.
#include <korrel/korrel.h>

int main() { return korrel::version()[0] == '\0'; }
