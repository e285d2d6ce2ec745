"""
The command xtcp, a file for each thing it does. It needs Debian's python3 and nothing else; what a BPF program or a
system call is needed for goes through ctypes.
"""
