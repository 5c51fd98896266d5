// Preloaded into Node.js: counts deleted references to JavaScript values, and those deleted on a thread other than
// JavaScript's, where it is undefined behaviour. Node.js exports napi_delete_reference itself, so the test makes the
// addon import this name instead.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static long all, elsewhere;

int napj_delete_reference(void *env, void *reference) {
  static int (*real)(void *, void *);
  if (!real) real = (int (*)(void *, void *))dlsym(RTLD_DEFAULT, "napi_delete_reference");
  __atomic_add_fetch(&all, 1, __ATOMIC_RELAXED);
  if (syscall(SYS_gettid) != getpid()) __atomic_add_fetch(&elsewhere, 1, __ATOMIC_RELAXED);
  return real(env, reference);
}

__attribute__((destructor)) static void report(void) {
  if (all > 0) fprintf(stderr, "references deleted: %ld, elsewhere: %ld\n", all, elsewhere);
}
