/* libnvidia-ml.so.1 for the tests: answers what the file named by NVML_STUB says, read at every call.
 *
 *   count N                          GPUs there are
 *   GPU.FIELD VALUES...              e.g. `0.memory 10 90 100` (used free total), `0.name NVIDIA H200`
 *   GPU.mig N                        MIG mode on, with N slots; `GPU.mI.FIELD` is instance I's
 *   fail FUNCTION WHAT               on every device; FUNCTION:GPU or FUNCTION:GPU.mI on one
 *
 * WHAT is an error code, `crash` (a segmentation fault) or `hang` (ten minutes).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OK, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7 };
enum { MAX_GPUS = 8, MAX_MIGS = 8, MAX_LINE = 512 };

typedef struct { char name[16]; int gpu; int mig; } Device;
static Device devices[MAX_GPUS][MAX_MIGS + 1];

/* Copy what follows `key` in the script; 0 where no line begins with it. */
static int look_up(const char *key, char *value) {
    const char *path = getenv("NVML_STUB");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[MAX_LINE];
    size_t length = strlen(key);
    int found = 0;
    while (file && !found && fgets(line, sizeof line, file)) {
        if (strncmp(line, key, length) == 0 && line[length] == ' ') {
            line[strcspn(line, "\n")] = 0;
            strcpy(value, line + length + 1);
            found = 1;
        }
    }
    if (file) fclose(file);
    return found;
}

static int look_up_field(Device *device, const char *field, char *value) {
    char key[MAX_LINE];
    snprintf(key, sizeof key, "%s.%s", device->name, field);
    return look_up(key, value);
}

/* Give the error that the script wants from `function`, having crashed or hung where it says so. */
static int failure(const char *function, Device *device) {
    char key[MAX_LINE], value[MAX_LINE];
    int found = 0;
    if (device) {
        snprintf(key, sizeof key, "fail %s:%s", function, device->name);
        found = look_up(key, value);
    }
    if (!found) {
        snprintf(key, sizeof key, "fail %s", function);
        found = look_up(key, value);
    }
    if (!found) return OK;
    if (strcmp(value, "crash") == 0) raise(SIGSEGV);
    if (strcmp(value, "hang") == 0) sleep(600);
    return atoi(value);
}

#define FAIL_AS_TOLD(device) do { \
    int code = failure(__func__, device); \
    if (code) return code; \
} while (0)

static int number(Device *device, const char *field, unsigned *out) {
    char value[MAX_LINE];
    if (!look_up_field(device, field, value)) return NOT_SUPPORTED;
    *out = strtoul(value, NULL, 0);
    return OK;
}

static int text(const char *value, char *out, unsigned size) {
    snprintf(out, size, "%s", value);
    return OK;
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; FAIL_AS_TOLD(NULL); return OK; }
int nvmlShutdown(void) { FAIL_AS_TOLD(NULL); return OK; }
const char *nvmlErrorString(int code) {
    static char words[32];
    snprintf(words, sizeof words, "Stub Error %d", code);
    return words;
}

int nvmlSystemGetDriverVersion(char *out, unsigned size) { FAIL_AS_TOLD(NULL); return text("550.54.15", out, size); }
int nvmlSystemGetNVMLVersion(char *out, unsigned size) { FAIL_AS_TOLD(NULL); return text("12.550.54.15", out, size); }
int nvmlSystemGetCudaDriverVersion(int *out) { FAIL_AS_TOLD(NULL); *out = 12040; return OK; }

int nvmlDeviceGetCount_v2(unsigned *count) {
    char value[MAX_LINE];
    FAIL_AS_TOLD(NULL);
    *count = look_up("count", value) ? strtoul(value, NULL, 0) : 0;
    return OK;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **out) {
    if (index >= MAX_GPUS) return INVALID_ARGUMENT;
    Device *device = &devices[index][0];
    device->gpu = index;
    snprintf(device->name, sizeof device->name, "%u", index);
    FAIL_AS_TOLD(device);
    *out = device;
    return OK;
}

int nvmlDeviceGetUUID(Device *device, char *out, unsigned size) {
    char value[MAX_LINE];
    FAIL_AS_TOLD(device);
    return look_up_field(device, "uuid", value) ? text(value, out, size) : NOT_SUPPORTED;
}

int nvmlDeviceGetName(Device *device, char *out, unsigned size) {
    char value[MAX_LINE];
    FAIL_AS_TOLD(device);
    return look_up_field(device, "name", value) ? text(value, out, size) : NOT_SUPPORTED;
}

int nvmlDeviceGetMigMode(Device *device, unsigned *current, unsigned *pending) {
    unsigned slots;
    FAIL_AS_TOLD(device);
    *current = *pending = number(device, "mig", &slots) == OK;
    return OK;
}

int nvmlDeviceGetMaxMigDeviceCount(Device *device, unsigned *count) { FAIL_AS_TOLD(device); return number(device, "mig", count); }

int nvmlDeviceGetMigDeviceHandleByIndex(Device *parent, unsigned index, Device **out) {
    char value[MAX_LINE];
    if (index >= MAX_MIGS) return INVALID_ARGUMENT;
    Device *device = &devices[parent->gpu][index + 1];
    device->gpu = parent->gpu;
    device->mig = index + 1;
    snprintf(device->name, sizeof device->name, "%d.m%u", parent->gpu, index);
    FAIL_AS_TOLD(device);
    if (!look_up_field(device, "uuid", value)) return NOT_FOUND;
    *out = device;
    return OK;
}

int nvmlDeviceGetGpuInstanceId(Device *device, unsigned *out) { FAIL_AS_TOLD(device); *out = device->mig + 6; return OK; }
int nvmlDeviceGetComputeInstanceId(Device *device, unsigned *out) { FAIL_AS_TOLD(device); *out = 0; return OK; }

typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } Memory_v2;

static int memory(Device *device, unsigned long long *used, unsigned long long *free, unsigned long long *total) {
    char value[MAX_LINE];
    if (!look_up_field(device, "memory", value)) return NOT_SUPPORTED;
    sscanf(value, "%llu %llu %llu", used, free, total);
    return OK;
}

int nvmlDeviceGetMemoryInfo(Device *device, Memory *out) {
    FAIL_AS_TOLD(device);
    return memory(device, &out->used, &out->free, &out->total);
}

int nvmlDeviceGetMemoryInfo_v2(Device *device, Memory_v2 *out) {
    FAIL_AS_TOLD(device);
    return memory(device, &out->used, &out->free, &out->total);
}

int nvmlDeviceGetUtilizationRates(Device *device, unsigned *out) {
    char value[MAX_LINE];
    FAIL_AS_TOLD(device);
    if (!look_up_field(device, "utilisation", value)) return NOT_SUPPORTED;
    sscanf(value, "%u %u", &out[0], &out[1]);
    return OK;
}

int nvmlDeviceGetPowerUsage(Device *device, unsigned *out) { FAIL_AS_TOLD(device); return number(device, "power", out); }
int nvmlDeviceGetEnforcedPowerLimit(Device *device, unsigned *out) { FAIL_AS_TOLD(device); return number(device, "power_limit", out); }
int nvmlDeviceGetMaxClockInfo(Device *device, int kind, unsigned *out) { FAIL_AS_TOLD(device); return number(device, kind == 1 ? "max_sm_clock" : "max_memory_clock", out); }
int nvmlDeviceGetTemperature(Device *device, int sensor, unsigned *out) { (void)sensor; FAIL_AS_TOLD(device); return number(device, "temperature", out); }
int nvmlDeviceGetClockInfo(Device *device, int kind, unsigned *out) { FAIL_AS_TOLD(device); return number(device, kind == 1 ? "sm_clock" : "memory_clock", out); }

int nvmlDeviceGetCurrentClocksEventReasons(Device *device, unsigned long long *out) {
    unsigned bits = 0;
    FAIL_AS_TOLD(device);
    int code = number(device, "throttles", &bits);
    *out = bits;
    return code;
}

typedef struct { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; } Process;

static int processes(Device *device, unsigned *count, Process *out) {
    char value[MAX_LINE], *rest = value;
    unsigned room = *count, listed = 0;
    if (!look_up_field(device, "processes", value)) return NOT_SUPPORTED;
    for (char *one; (one = strtok_r(rest, " ", &rest)); listed++) {
        if (listed >= room) continue;
        Process *process = &out[listed];
        char *bytes = strchr(one, ':') + 1;
        process->pid = strtoul(one, NULL, 0);
        process->used = strcmp(bytes, "unknown") ? strtoull(bytes, NULL, 0) : ~0ULL;
    }
    *count = listed;
    return listed > room ? INSUFFICIENT_SIZE : OK;
}

int nvmlDeviceGetComputeRunningProcesses_v3(Device *device, unsigned *count, Process *out) {
    FAIL_AS_TOLD(device);
    return processes(device, count, out);
}

int nvmlDeviceGetComputeRunningProcesses_v2(Device *device, unsigned *count, Process *out) {
    FAIL_AS_TOLD(device);
    return processes(device, count, out);
}
