/* What C++ and its library refer to on a part without an operating system: the end of a program, which never comes,
 * and what must not happen.  With these there is no heap. */

void abort(void) __attribute__((noreturn));
void __cxa_pure_virtual(void) __attribute__((noreturn));
int __cxa_atexit(void (*destroy)(void *), void *object, void *handle);

void *__dso_handle = 0;

/* Nothing is ever destroyed. */
int __cxa_atexit(void (*destroy)(void *), void *object, void *handle) {
  (void)destroy;
  (void)object;
  (void)handle;
  return 0;
}

/* A fault, which the start-up code's handler tells over the line. */
void abort(void) { __builtin_trap(); }

void __cxa_pure_virtual(void) { __builtin_trap(); }
