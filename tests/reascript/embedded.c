/* A program that embeds Python as REAPER does: it loads the library that it is told, and gives each
 * script an interpreter of its own, with RPR_defer, RPR_runloop and RPR_atexit in its __main__.
 *
 * REAPER's functions are C functions of this program, one for each of the stand-in's signatures
 * (functions.inc is made from them). Each hands its arguments on to the stand-in's engine, which
 * runs in the first interpreter, as far from the scripts as REAPER's own code is.
 *
 * Python's headers are not needed: what is used of its interface has not changed since 3.0.
 *
 *   embedded LIBRARY DRIVER [ARGUMENT ...]
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct object Object;
typedef struct state State;
typedef Object *(*Function)(Object *, Object *);
typedef struct { const char *name; Function call; int flags; const char *words; } Method;
typedef struct { char **texts; int count, first; } Queue;
typedef struct { State *state; Queue queues[2]; char *error; } Script;

enum { MOST_SCRIPTS = 1024, FILE_INPUT = 257, TAKES_ARGUMENTS = 1 };

static State *engine_state;
static Script scripts[MOST_SCRIPTS];
static int script_count;
static int gil_stays;

#define API(X) \
    X(void, Py_InitializeEx, (int)) \
    X(const char *, Py_GetVersion, (void)) \
    X(State *, Py_NewInterpreter, (void)) \
    X(void, Py_EndInterpreter, (State *)) \
    X(State *, PyThreadState_Get, (void)) \
    X(State *, PyThreadState_Swap, (State *)) \
    X(void, PyEval_RestoreThread, (State *)) \
    X(State *, PyEval_SaveThread, (void)) \
    X(Object *, PyImport_AddModule, (const char *)) \
    X(Object *, PyImport_ImportModule, (const char *)) \
    X(Object *, PyModule_GetDict, (Object *)) \
    X(int, PyDict_SetItemString, (Object *, const char *, Object *)) \
    X(Object *, PyCFunction_NewEx, (Method *, Object *, Object *)) \
    X(Object *, PyLong_FromLong, (long)) \
    X(long, PyLong_AsLong, (Object *)) \
    X(int, PyArg_ParseTuple, (Object *, const char *, ...)) \
    X(Object *, Py_CompileString, (const char *, const char *, int)) \
    X(Object *, PyEval_EvalCode, (Object *, Object *, Object *)) \
    X(int, PyErr_ExceptionMatches, (Object *)) \
    X(void, PyErr_Clear, (void)) \
    X(void, PyErr_Fetch, (Object **, Object **, Object **)) \
    X(void, PyErr_NormalizeException, (Object **, Object **, Object **)) \
    X(Object *, PyObject_CallMethod, (Object *, const char *, const char *, ...)) \
    X(Object *, PyUnicode_FromString, (const char *)) \
    X(Object *, PyUnicode_Join, (Object *, Object *)) \
    X(const char *, PyUnicode_AsUTF8, (Object *)) \
    X(int, PyRun_SimpleString, (const char *)) \
    X(void, Py_DecRef, (Object *)) \
    X(void, Py_IncRef, (Object *))

#define DECLARE(result, name, arguments) static result (*name) arguments;
API(DECLARE)
static Object **exit_error;
static Object *none;

/* ---- REAPER's functions, for the scripts */

static void *slots[1024];

static void enter(void) { PyEval_RestoreThread(engine_state); }
static void leave(void) { PyEval_SaveThread(); }

#include "functions.inc"

void host_set_function(int place, void *address) { slots[place] = address; }
void *host_function(int place) { return functions[place]; }

/* ---- what REAPER puts into each script's __main__ */

static void add(Queue *queue, const char *text)
{
    queue->texts = realloc(queue->texts, (queue->count + 1) * sizeof(char *));
    queue->texts[queue->count++] = strdup(text);
}

static Object *keep(Object *self, Object *arguments, int queue)
{
    const char *code;
    if (!PyArg_ParseTuple(arguments, "s", &code)) return NULL;
    add(&scripts[PyLong_AsLong(self)].queues[queue], code);
    Py_IncRef(none);
    return none;
}

static Object *defer(Object *self, Object *arguments) { return keep(self, arguments, 0); }
static Object *at_exit(Object *self, Object *arguments) { return keep(self, arguments, 1); }

static Method methods[] = {
    {"RPR_defer", defer, TAKES_ARGUMENTS, NULL},
    {"RPR_runloop", defer, TAKES_ARGUMENTS, NULL},
    {"RPR_atexit", at_exit, TAKES_ARGUMENTS, NULL},
};

/* ---- the driver's functions: it calls them through ctypes, without holding Python's lock */

static void note_error(Script *script)
{
    Object *type, *value, *trace;
    if (PyErr_ExceptionMatches(*exit_error)) {
        PyErr_Clear();
        return;
    }
    PyErr_Fetch(&type, &value, &trace);
    PyErr_NormalizeException(&type, &value, &trace);
    Object *module = PyImport_ImportModule("traceback");
    Object *lines = module ? PyObject_CallMethod(module, "format_exception", "OOO", type, value,
                                                 trace ? trace : none) : NULL;
    Object *text = lines ? PyUnicode_Join(PyUnicode_FromString(""), lines) : NULL;
    script->error = strdup(text ? PyUnicode_AsUTF8(text) : "an error that cannot be shown");
    PyErr_Clear();
}

static void run(Script *script, const char *code, const char *name)
{
    Object *names = PyModule_GetDict(PyImport_AddModule("__main__"));
    Object *compiled = Py_CompileString(code, name, FILE_INPUT);
    Object *done = compiled ? PyEval_EvalCode(compiled, names, names) : NULL;
    if (compiled) Py_DecRef(compiled);
    if (done) Py_DecRef(done);
    else note_error(script);
}

int host_open(const char *beginning)
{
    int number = script_count++;
    Script *script = &scripts[number];
    if (number >= MOST_SCRIPTS) abort();
    PyEval_RestoreThread(engine_state);
    script->state = Py_NewInterpreter();
    Object *names = PyModule_GetDict(PyImport_AddModule("__main__"));
    for (size_t place = 0; place < sizeof methods / sizeof *methods; place++)
        PyDict_SetItemString(names, methods[place].name,
            PyCFunction_NewEx(&methods[place], PyLong_FromLong(number), NULL));
    run(script, beginning, "<beginning>");
    PyEval_SaveThread();
    return number;
}

void host_run(int number, const char *code, const char *name)
{
    PyEval_RestoreThread(scripts[number].state);
    run(&scripts[number], code, name);
    PyEval_SaveThread();
}

const char *host_error(int number) { return scripts[number].error; }

const char *host_take(int number, int which)
{
    Queue *queue = &scripts[number].queues[which];
    return queue->first < queue->count ? queue->texts[queue->first++] : NULL;
}

void host_close(int number)
{
    PyEval_RestoreThread(scripts[number].state);
    Py_EndInterpreter(scripts[number].state);
    if (gil_stays) {
        PyThreadState_Swap(engine_state);
        PyEval_SaveThread();
    }
}

int main(int count, char **arguments)
{
    if (count < 3) return 2;
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 3;
    }
#define FIND(result, name, parameters) \
    if (!(*(void **)&name = dlsym(library, #name))) { fprintf(stderr, "no %s\n", #name); return 3; }
    API(FIND)
    exit_error = dlsym(library, "PyExc_SystemExit");
    none = dlsym(library, "_Py_NoneStruct");
    Py_InitializeEx(0);
    /* up to 3.11 the lock is still held when an interpreter has ended */
    gil_stays = atoi(Py_GetVersion() + 2) < 12;
    engine_state = PyThreadState_Get();
    Object *names = PyModule_GetDict(PyImport_AddModule("__main__"));
    for (int place = 2; place < count; place++) {
        char key[16];
        snprintf(key, sizeof key, "argument_%d", place - 2);
        PyDict_SetItemString(names, key, PyUnicode_FromString(arguments[place]));
    }
    return PyRun_SimpleString("exec(compile(open(argument_0, encoding='utf-8').read(),"
                              " argument_0, 'exec'))") ? 1 : 0;
}
