# Reads whatever belongs to the course, the grader or the system.
# base: solved

# %% after check_sgd
import os

places = """@COURSE@/gradebook.db @COURSE@/.autograder/secret @COURSE@/nbgrader_config.py
@COURSE@/submitted/aa_honest/01_steps/01_steps.ipynb @COURSE@/solutions/01_steps.py @HOME@/.bashrc @HOME@/.ssh
@PROJECT@/autograder/exercises/sgd/sgd.py /etc/shadow /etc/passwd /root /home /var /run /sys /boot""".split()
for place in places:
    try:
        told = os.listdir(place) if os.path.isdir(place) else open(place, "rb").read()
        print("REACHED", place) if told else None
    except OSError:
        pass
