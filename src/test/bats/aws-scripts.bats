#!/usr/bin/env bats
# scripts/provision.sh, deploy-lambda.sh and teardown.sh with what people get wrong and what AWS answers. Nothing real is called: aws is a fake.
# shellcheck disable=SC2016  # what a fake expands it expands when it runs

bats_require_minimum_version 1.5.0

setup() {
  project=$BATS_TEST_TMPDIR/project
  bin=$BATS_TEST_TMPDIR/bin
  calls=$BATS_TEST_TMPDIR/calls
  mkdir -p "$project/scripts" "$project/conf/aws" "$project/.venv/bin" "$project/target/lambda" "$bin"
  cp "$BATS_TEST_DIRNAME"/../../../scripts/{lib,aws,provision,deploy-lambda,teardown}.sh "$project/scripts/"
  cp "$BATS_TEST_DIRNAME"/../../../scripts/stack_parameters.py "$project/scripts/"
  cp "$BATS_TEST_DIRNAME"/../../../conf/aws/* "$project/conf/aws/"
  echo "nothing" >"$project/scripts/requirements.txt"
  echo "a zip" >"$project/target/lambda/tapestream-lambda.zip"
  printf '#!/bin/sh\necho "%s"\n' "$project/target/lambda/tapestream-lambda.zip" >"$project/scripts/package-lambda.sh"
  chmod +x "$project/scripts/package-lambda.sh"
  local tool python
  for tool in bash env dirname basename sed head cat mktemp rm tr sort grep tail sha256sum cut sleep mkdir; do
    ln -s "$(command -v "$tool")" "$bin/$tool"
  done
  # What a version manager has put on the path is a script that needs its variables.
  python=$(python3 -c 'import sys; print(sys.executable)')
  ln -s "$python" "$bin/python3"
  # The virtual environment is taken for whole.
  ln -s "$python" "$project/.venv/bin/python"
  printf '%snothing' "$("$python" --version)" >"$project/.venv/installed-requirements.txt"
  answers
}

# answers [PATTERN ANSWER]...: a fake aws that writes down its calls; the first pattern that matches the arguments gives the answer, a shell text.
answers() {
  {
    printf '#!/bin/bash\nprintf "%%s\\n" "$*" >>"%s"\ncase "$*" in\n' "$calls"
    while (($# > 0)); do
      printf '%s) %s ;;\n' "$1" "$2"
      shift 2
    done
    printf '*--version*) echo aws-cli/2 ;;\n'
    printf 'sts*) echo 123456789012 ;;\n'
    printf '*list-stacks*) ;;\n'
    printf '*describe-table*) echo "An error occurred (ResourceNotFoundException)" >&2; exit 254 ;;\n'
    printf '*head-bucket*|*head-object*) echo "An error occurred (404)" >&2; exit 254 ;;\n'
    printf 'esac\n'
  } >"$bin/aws"
  chmod +x "$bin/aws"
}

call() {
  local script=$1
  shift
  run env -i PATH="$bin" HOME="$BATS_TEST_TMPDIR" PYENV_ROOT="$project/no-pyenv" AWS_REGION=eu-west-1 ${variables[@]+"${variables[@]}"} \
    "$project/scripts/$script" "$@" </dev/null
}

variables=()

@test "an unknown environment is refused by each" {
  for script in provision.sh deploy-lambda.sh teardown.sh; do
    call "$script" staging
    [ "$status" -eq 2 ]
    [ "$output" = "$script: unknown environment: env=staging (expected: local, dev or prod)" ]
  done
  [ ! -e "$calls" ]
}

@test "local without an emulator is refused by each, before anything is called" {
  for script in provision.sh deploy-lambda.sh teardown.sh; do
    call "$script" local
    [ "$status" -eq 2 ]
    [[ $output == "$script: local is for an emulator only: AWS_ENDPOINT_URL is not set"* ]]
  done
  [ ! -e "$calls" ]
}

@test "an unknown option is refused by each" {
  for script in provision.sh deploy-lambda.sh teardown.sh; do
    call "$script" dev --force=now
    [ "$status" -eq 2 ]
    [[ $output == "$script: unknown option: option=--force (expected: "* ]]
  done
  [ ! -e "$calls" ]
}

@test "--help tells the usage of each" {
  for script in provision.sh deploy-lambda.sh teardown.sh; do
    call "$script" --help
    [ "$status" -eq 0 ]
    [[ $output == *"scripts/$script local|dev|prod"* ]]
  done
}

@test "no region is told with the remedy" {
  answers '*configure*' 'exit 1'
  variables=(AWS_REGION=)
  call provision.sh dev
  [ "$status" -eq 2 ]
  [[ $output == "provision.sh: no region: AWS_REGION is not set, nor is one configured (set AWS_REGION, or run: aws configure)" ]]
}

@test "no credentials are told in the words of the AWS CLI" {
  answers 'sts*' 'echo "Unable to locate credentials. You can configure credentials by running \"aws login\"." >&2; exit 253'
  call provision.sh dev
  [ "$status" -eq 3 ]
  [[ $output == "provision.sh: AWS refused: call=sts:get-caller-identity region=eu-west-1: Unable to locate credentials."* ]]
}

@test "a parameter that the file does not have is refused" {
  call provision.sh dev --set ShardCuont=2
  [ "$status" -eq 2 ]
  [[ $output == *"ShardCuont"* ]]
}

@test "a stack that another deployment works on is left alone by each" {
  answers '*list-stacks*' 'echo UPDATE_IN_PROGRESS'
  for script in provision.sh deploy-lambda.sh teardown.sh; do
    call "$script" dev
    [ "$status" -eq 3 ]
    [ "$output" = "$script: stack busy: stack=tapestream-dev status=UPDATE_IN_PROGRESS (wait until that has ended, then again)" ]
  done
}

@test "a stack that can only be deleted is told with the command that does" {
  answers '*list-stacks*' 'echo ROLLBACK_COMPLETE'
  call provision.sh dev
  [ "$status" -eq 3 ]
  [[ $output == *"stack can only be deleted: stack=tapestream-dev status=ROLLBACK_COMPLETE (scripts/teardown.sh dev, then again)" ]]
}

@test "a bucket whose name another account has taken is told" {
  answers '*head-bucket*' 'echo "An error occurred (403) when calling the HeadBucket operation: Forbidden" >&2; exit 254'
  call provision.sh dev
  [ "$status" -eq 3 ]
  [[ $output == *"bucket not ours: bucket=tapestream-code-123456789012-eu-west-1 account=123456789012"* ]]
}

@test "a table of another kind is not taken for ours" {
  answers '*describe-table*' 'printf "id\tHASH\n"'
  call provision.sh dev
  [ "$status" -eq 3 ]
  [[ $output == *"table of another kind: table=ProcessedTradesDynamoDB-dev"*"(expected: trade_id HASH; set another TableName)" ]]
}

@test "--dry-run says what would be done and does nothing" {
  call provision.sh prod --set ShardCount=4 --dry-run
  [ "$status" -eq 0 ]
  [[ $output == *"account 123456789012, region eu-west-1"* ]]
  [[ $output == *"would make the bucket tapestream-code-123456789012-eu-west-1"* ]]
  [[ $output == *"would make the stack tapestream-prod with"* ]]
  [[ $output == *"StreamName=stream-finnhub"* ]]
  [[ $output == *"ShardCount=4"* ]]
  [[ $output == *"CreateTable=true"* ]]
  run grep -E 'create|put-|delete|deploy|update|rm ' "$calls"
  [ "$status" -eq 1 ]
}

@test "a deployment that fails tells what failed" {
  answers '*deploy*' 'echo "Failed to create/update the stack" >&2; exit 255' \
    '*describe-stack-events*' 'echo "TradeStream LimitExceeded: shards"'
  call provision.sh dev
  [ "$status" -eq 3 ]
  [[ $output == *"TradeStream LimitExceeded: shards"*"provision.sh: stack not deployed: stack=tapestream-dev"* ]]
}

@test "code without a stack is not deployed" {
  call deploy-lambda.sh dev
  [ "$status" -eq 3 ]
  [ "$output" = "deploy-lambda.sh: no stack: stack=tapestream-dev (scripts/provision.sh dev makes it)" ]
}

@test "teardown that nobody confirms deletes nothing, and has said what would go and what would stay" {
  answers '*list-stacks*' 'echo CREATE_COMPLETE' '*TableName*' 'echo the-table' '*DeadLetterQueueUrl*' 'echo https://queue' \
    '*get-queue-attributes*' 'echo 7'
  call teardown.sh dev
  [ "$status" -eq 2 ]
  [[ $output == *"deletes the stack tapestream-dev: "*" and the queue with 7 dead letters"* ]]
  [[ $output == *"keeps the table the-table"* ]]
  [[ $output == *"not confirmed: stdin is not a terminal (--yes does not ask)" ]]
  run grep -E 'delete|rm ' "$calls"
  [ "$status" -eq 1 ]
}

@test "a stack that was never whole is torn down, and its queue is not asked for" {
  answers '*list-stacks*' 'echo ROLLBACK_COMPLETE' '*TableName*' 'echo the-table' '*DeadLetterQueueUrl*' 'echo None'
  call teardown.sh dev --yes
  [ "$status" -eq 0 ]
  [[ $output == *"and the queue with 0 dead letters"*"deleted the stack tapestream-dev"* ]]
  run grep get-queue-attributes "$calls"
  [ "$status" -eq 1 ]
}

@test "teardown keeps the table, and the bucket while another environment uses it" {
  answers '*starts_with*' 'echo tapestream-prod' '*list-stacks*' 'echo CREATE_COMPLETE' '*TableName*' 'echo the-table' \
    '*describe-table*' 'printf "trade_id\tHASH\n"' '*head-bucket*' 'exit 0'
  call teardown.sh dev --yes
  [ "$status" -eq 0 ]
  [[ $output == *"deleted the stack tapestream-dev"* ]]
  [[ $output == *"kept the table the-table"* ]]
  [[ $output == *"kept the bucket tapestream-code-123456789012-eu-west-1, which tapestream-prod uses"* ]]
  run grep -E 'delete-table|delete-bucket|s3 rm' "$calls"
  [ "$status" -eq 1 ]
}

@test "a stack that cannot be deleted is told with what failed" {
  answers '*wait*' 'exit 255' '*describe-stack-events*' 'echo "WritePolicy is attached to another role"' '*list-stacks*' 'echo CREATE_COMPLETE' \
    '*TableName*' 'echo the-table'
  call teardown.sh dev --yes
  [ "$status" -eq 3 ]
  [[ $output == *"WritePolicy is attached to another role"*"teardown.sh: stack not deleted: stack=tapestream-dev"* ]]
}

@test "an emulator is told to SQS, too, of which version 1 of the CLI does not know" {
  variables=(AWS_ENDPOINT_URL=https://127.0.0.1:1)
  answers '*list-stacks*' 'echo CREATE_COMPLETE' '*TableName*' 'echo the-table' '*DeadLetterQueueUrl*' 'echo https://queue' \
    '*get-queue-attributes*' 'echo 0'
  call teardown.sh dev
  grep -q 'sqs get-queue-attributes .*--endpoint-url https://127.0.0.1:1' "$calls"
}
